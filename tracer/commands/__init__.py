"""The subcommands: each module has ``Options`` (a class of Choices), ``EPILOG`` (of its help), and
``run(options: Options) -> exit status``. tracer/options/commands.py has the row of each."""
