"""Declarative rules that give an explained decision."""
