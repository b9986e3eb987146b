"""`python -m banet_edu ...` is `banet-edu ...`, for launchers of several processes: `torchrun ... -m banet_edu train`."""

from banet_edu.cli.main import main

if __name__ == "__main__":  # processes that read ahead may import this file again
    main()
