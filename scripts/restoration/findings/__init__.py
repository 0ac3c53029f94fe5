"""The findings of the condition report: what each says, its label and its sentence. Data alone."""
