"""Networks over images of any size, exact at every border, in bounded memory."""
