"""What a person writes: config, sheet, regions; read, checked and explained."""
