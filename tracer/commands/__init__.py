"""The subcommands: each module has ``OPTIONS`` (groups of them), ``EPILOG`` (of its help), and
``run(options) -> exit status``."""
