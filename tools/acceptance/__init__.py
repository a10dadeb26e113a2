"""scripts/dev accept: the module tried on an account of AWS, step by step, or on the emulated one."""
