-- What a new broker starts with. Margin rates: ESMA Decision (EU) 2018/796, Annex I, as percentages (3.33 %, not 1/30).

INSERT INTO instrument_version (
    symbol, version, description, asset_class, base_currency, quote_currency, digits, contract_size,
    min_quantity, max_quantity, quantity_step, margin_mode, margin_rate, quote_age_ms_max, tradable,
    author, approver, approved_at, effective_at
)
SELECT
    symbol, 1, description, asset_class, base_currency, quote_currency, digits, contract_size,
    0.01, max_quantity, 0.01, margin_mode, margin_rate, 5000, true,
    'seed', 'release', now(), '2000-01-01 00:00:00+00'
FROM (VALUES
    ('EURUSD', 'Euro against US dollar',           'FOREX',  'EUR',   'USD', 5, 100000, 100, 'FOREX', 0.0333),
    ('GBPUSD', 'Pound sterling against US dollar', 'FOREX',  'GBP',   'USD', 5, 100000, 100, 'FOREX', 0.0333),
    ('USDJPY', 'US dollar against Japanese yen',   'FOREX',  'USD',   'JPY', 3, 100000, 100, 'FOREX', 0.0333),
    ('XAUUSD', 'Gold against US dollar, ounces',   'METAL',  'XAU',   'USD', 2, 100,    100, 'CFD',   0.05),
    ('US500',  'CFD on 500 US shares',             'INDEX',  'US500', 'USD', 1, 1,      100, 'CFD',   0.05),
    ('BTCUSD', 'Bitcoin against US dollar',        'CRYPTO', 'BTC',   'USD', 2, 1,      10,  'CFD',   0.5)
) AS seed (
    symbol, description, asset_class, base_currency, quote_currency, digits, contract_size, max_quantity,
    margin_mode, margin_rate
);

INSERT INTO account_group_version (
    name, version, description, max_leverage, author, approver, approved_at, effective_at
)
VALUES
    ('standard', 1, 'Retail clients', 50, 'seed', 'release', now(), '2000-01-01 00:00:00+00'),
    ('pro', 1, 'Professional clients', 200, 'seed', 'release', now(), '2000-01-01 00:00:00+00');
