"""Verifies bearer tokens: Supabase's, or those of the local issuer."""
