"""Pages that are printed or served: the certificate and the course's map."""
