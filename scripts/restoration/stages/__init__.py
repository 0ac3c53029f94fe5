"""Stages, a folder each. ``config.stages`` holds their registry; nothing else imports a stage."""
