"""What requests read and write, the clock, and how both are saved."""
