"""A network's picture without its tones, for the stages that use one."""
