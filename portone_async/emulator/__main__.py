"""`python -m portone_async.emulator`: the same as `portone-emulator`."""

import sys

from portone_emulator.__main__ import main

sys.exit(main())
