"""What people see: pictures, the report of the claims, and the command line."""
