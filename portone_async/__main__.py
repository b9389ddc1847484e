"""`python -m portone_async`: the command line."""

from __future__ import annotations

from portone_async.cli import main

if __name__ == "__main__":
    main()
