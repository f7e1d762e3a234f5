"""What use costs and who pays: periods and pools, quotes, funding sources, the ledger of usage."""
