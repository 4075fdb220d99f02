"""What the machine is doing: CPU, memory, disk, GPUs. Absent is a value, not an error."""
