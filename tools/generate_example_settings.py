"""Write deploy/filmless.toml: every setting of the server with its default, explained.

python tools/generate_example_settings.py            write the file
python tools/generate_example_settings.py --check    exit with 1 when the committed file is not what would be written
"""

import sys

from filmless.server.settings import as_toml, read_settings
from generated import settle

if __name__ == "__main__":
    sys.exit(settle({"deploy/filmless.toml": as_toml(read_settings(given={"data": "/var/lib/filmless"}))}))
