-- A journal as version 1 of the table was.
CREATE TABLE orders (
    seq               INTEGER PRIMARY KEY,
    request_id        TEXT NOT NULL UNIQUE,
    merchant_order_no TEXT NOT NULL UNIQUE,
    terminal          TEXT NOT NULL,
    request           TEXT NOT NULL,
    since_ms          INTEGER NOT NULL,
    outcome           TEXT CHECK (outcome IN ('approved', 'declined', 'cancelled', 'not_found', 'not_sent', 'unknown')),
    sent              TEXT NOT NULL DEFAULT 'maybe' CHECK (sent IN ('no', 'maybe', 'yes')),
    response          TEXT,
    error             TEXT,
    recovered         INTEGER NOT NULL DEFAULT 0 CHECK (recovered IN (0, 1)),
    clarified         INTEGER NOT NULL DEFAULT 0 CHECK (clarified IN (0, 1)),
    settled_ms        INTEGER CHECK ((settled_ms IS NULL) = (outcome IS NULL)),
    acknowledged_ms   INTEGER CHECK (acknowledged_ms IS NULL OR outcome IS NOT NULL),
    resolved_ms       INTEGER CHECK (resolved_ms IS NULL OR outcome <> 'unknown'),
    note              TEXT
) STRICT;
CREATE INDEX orders_open ON orders (terminal, seq) WHERE acknowledged_ms IS NULL OR outcome = 'unknown';
CREATE INDEX orders_done ON orders (acknowledged_ms) WHERE acknowledged_ms IS NOT NULL AND outcome <> 'unknown';
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1162039882;
PRAGMA user_version = 1;
INSERT INTO orders (request_id, merchant_order_no, terminal, request, since_ms, outcome, sent, response, recovered,
    clarified, settled_ms, acknowledged_ms, resolved_ms, note) VALUES
('approved', 'A1', 'ws://10.0.0.7:35779', '{"biz_data":{"order_amount":"1.00"}}', 1767225000000, 'approved', 'yes', '{"response_code":"000"}', 0, 0, 1767225003000, 1767225004000, NULL, NULL),
('unknown', 'A2', 'ws://10.0.0.7:35779/', '{}', 1767225100000, 'unknown', 'maybe', NULL, 0, 0, 1767225103000, 1767225104000, NULL, NULL),
('clarified', 'A3', 'ws://10.0.0.7:35779', '{}', 1767225200000, 'approved', 'yes', '{}', 1, 1, 1767225203000, 1767225204000, NULL, NULL),
('resolved', 'A4', 'ws://10.0.0.7:35779', '{}', 1767225300000, 'declined', 'yes', NULL, 0, 0, 1767225303000, 1767225305000, 1767225305000, 'seen'),
('open', 'A5', 'ws://10.0.0.7:35779', '{}', 1767225400000, NULL, 'maybe', NULL, 0, 0, NULL, NULL, NULL, NULL),
('slash', 'A6', 'ws://10.0.0.7:35779/', '{}', 1767225500000, NULL, 'maybe', NULL, 0, 0, NULL, NULL, NULL, NULL),
('bare', 'A7', 'WS://10.0.0.7', '{}', 1767225600000, 'approved', 'yes', NULL, 0, 0, 1767225603000, NULL, NULL, NULL),
('named', 'A8', 'Bar', '{}', 1767225700000, NULL, 'maybe', NULL, 0, 0, NULL, NULL, NULL, NULL);
