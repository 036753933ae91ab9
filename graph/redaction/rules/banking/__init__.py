"""Rules for payment cards, bank accounts and crypto currencies."""
