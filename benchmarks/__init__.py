"""Commands that measure; nothing imports them."""
