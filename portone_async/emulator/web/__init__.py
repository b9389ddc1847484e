"""What a browser and other programs see of the emulator: its page, its window, its controls."""
