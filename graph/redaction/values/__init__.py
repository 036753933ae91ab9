"""Detections, entity types, placeholders and the plain form of a text."""
