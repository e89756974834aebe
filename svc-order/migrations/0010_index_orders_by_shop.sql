ALTER TABLE orders
    ADD KEY by_shop (shop_id, order_id),
    ADD KEY by_shop_status (shop_id, status, order_id)
