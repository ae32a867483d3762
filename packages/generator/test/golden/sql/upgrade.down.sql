-- Takes the steps of migration.sql back. No history is dropped. Run it by hand.


