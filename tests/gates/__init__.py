"""What must hold for every route, page and command: each test finds its subjects by itself."""
