"""`python -m banet_edu ...` is `banet-edu ...`: also where the command is on no path, and for `accelerate launch -m banet_edu`."""

from banet_edu.cli.main import main

if __name__ == "__main__":  # processes that read ahead may import this file again
    main()
