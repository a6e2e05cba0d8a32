"""How files and what is known about their calls come in: metadata, inbox, batches.

sheets      a manifest's rows from CSV or XLSX
columns     which column holds what: guessed, or as a source's people said
moments     times as call centres write them
records     what one row, sidecar or file name says about a call, and how it joins a conversation
templates   what a recording's name and folders say
sources     what is kept about a source: its zone, its columns, its names
catalogue   all records of one run, found by file name or call id
detect      what a file is, before anything is scored
storing     conversations to the store, known ones passed over, many at a time
inbox       a folder that is emptied as files arrive
batches     many files at once: scored, paused, resumed
"""
