"""Who may do what: people who sign in, and programs with keys.

principal    who makes a request, and what they may see
passwords    passwords: hashed, checked, made
sign_in      a name and a password become a session, a token becomes a principal
first_admin  the admin of a new installation
"""
