INSERT INTO audit_policy (category_id, source, user_type, strategy) VALUES
    -- the eight examples of 002 chapter 3.3.5
    (1, 1, 1, 1), -- Deal, operator form, operator: skip
    (1, 2, 2, 4), -- Deal, merchant portal, merchant: manual
    (2, 6, 3, 2), -- Hotel, supplier pull, system: fast track
    (2, 1, 1, 1), -- Hotel, operator form: skip
    (3, 5, 3, 2), -- Movie, supplier push: fast track
    (4, 1, 1, 1), -- Top-up, operator form: skip
    (5, 1, 1, 1), -- Gift card, operator form: skip
    (5, 3, 2, 4), -- Gift card, merchant app: manual
    -- by chapters 1.2.3 and 3.2
    (1, 3, 2, 4), -- Deal, merchant app: manual
    (1, 4, 1, 1), -- Deal, sheet: skip
    (1, 6, 3, 2), -- Deal, supplier pull: fast track
    (2, 4, 1, 3), -- Hotel, sheet: auto
    (3, 1, 1, 1), -- Movie, operator form: skip
    (4, 4, 1, 1), -- Top-up, sheet: skip
    (5, 2, 2, 4), -- Gift card, merchant portal: manual
    (5, 4, 1, 1), -- Gift card, sheet: skip
    (10, 1, 1, 1), -- OPV, operator form: skip
    (10, 2, 2, 4), -- OPV, merchant portal: manual
    (10, 3, 2, 4), -- OPV, merchant app: manual
    (1200, 2, 2, 4), -- Package, merchant portal: manual
    (1200, 3, 2, 4), -- Package, merchant app: manual
    (1003001, 1, 1, 1), -- T-shirt, operator form: skip
    (1003001, 2, 2, 4), -- T-shirt, merchant portal: manual
    (1003001, 3, 2, 4), -- T-shirt, merchant app: manual
    (1003001, 4, 1, 3), -- T-shirt, sheet: auto
    -- the API by who calls: operator auto, merchant manual, system auto
    (1, 7, 1, 3), -- Deal
    (1, 7, 2, 4),
    (1, 7, 3, 3),
    (2, 7, 1, 3), -- Hotel
    (2, 7, 3, 3),
    (3, 7, 1, 3), -- Movie
    (3, 7, 3, 3),
    (4, 7, 1, 3), -- Top-up
    (5, 7, 1, 3), -- Gift card
    (5, 7, 2, 4),
    (10, 7, 1, 3), -- OPV
    (10, 7, 2, 4),
    (1200, 7, 2, 4), -- Package
    (1003001, 7, 1, 3), -- T-shirt
    (1003001, 7, 2, 4),
    (1003001, 7, 3, 3)
