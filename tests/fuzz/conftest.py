"""`make fuzz` runs the fuzzer and installs what it needs; it has no tests and no examples."""

collect_ignore = ["run.py"]
