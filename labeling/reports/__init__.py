"""Reports as documents: what they say in ``model``, how they look on paper in ``pdf``. Pure: no database, no request."""
