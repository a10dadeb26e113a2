"""scripts/dev accept: the module tried on an account of AWS, or on the emulated one."""
