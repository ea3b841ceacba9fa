"""Reading fail2ban's filters: what a line of any log says of a failure, as the filter's file has it."""
