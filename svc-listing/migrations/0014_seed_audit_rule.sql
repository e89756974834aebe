INSERT INTO audit_rule (category_id, kind, attribute_code, min_number, max_number) VALUES
    (1, 4, 'face_value', 0, 0), -- Deal: the price is not above the face value
    (3, 1, 'session_time', 0, 0), -- Movie: the session is in the future
    (4, 2, 'denomination', 100, 100000), -- Top-up: 1 to 1000 yuan
    (5, 4, 'face_value', 0, 0), -- Gift card: the price is not above the face value
    (1200, 5, 'sub_items', 0, 0) -- Package: the price is not above that of its parts
