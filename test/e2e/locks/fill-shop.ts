/** Rows for every audited table of the reference schema, in an order that its foreign keys allow. */
export function fillShop(rows: number): string {
  const each = `generate_series(1, ${rows}) AS n`
  const id = 'md5(n::text)::uuid'
  return `
    INSERT INTO customers (id, email, name, updated_at) SELECT ${id}, n || '@example.org', 'Customer ' || n, now() FROM ${each};
    INSERT INTO customer_addresses (customer_id, label, lines) SELECT ${id}, 'home', ARRAY['Street ' || n] FROM ${each};
    INSERT INTO "Category" (slug, title) SELECT 'c' || n, 'Category ' || n FROM ${each};
    INSERT INTO "Product Catalogue" (sku, name, price) SELECT 'p' || n, 'Product ' || n, n FROM ${each};
    INSERT INTO "order" (customer_id, total) SELECT ${id}, n FROM ${each};
    INSERT INTO order_lines (order_id, line_no, product_id, price) SELECT n, 1, n, n FROM ${each};
    INSERT INTO "Payment" (id, order_id, method, amount) SELECT ${id}, n, 'card', n FROM ${each};
    INSERT INTO "Parcel" (barcode, order_id, grams) SELECT 'b' || n, n, n FROM ${each};
    INSERT INTO "StockMovement" ("productId", delta) SELECT n, n FROM ${each};
    INSERT INTO exchange_rates (currency, day, rate) SELECT 'EUR', date '1970-01-01' + n, n FROM ${each};
    INSERT INTO "Review" (customer_id, product_id, stars, text) SELECT ${id}, n, 5, 'good' FROM ${each};`
}

/** One update of every row, so that each history is as long as its table. */
export function fillHistories(): string {
  const columns = {
    customers: 'points',
    customer_addresses: 'postcode',
    '"Category"': 'position',
    '"Product Catalogue"': 'status',
    '"order"': 'paid',
    order_lines: 'quantity',
    '"Payment"': 'amount',
    '"Parcel"': 'grams',
    '"StockMovement"': 'delta',
    exchange_rates: 'rate',
    '"Review"': 'stars',
  }
  const updates = Object.entries(columns).map(
    ([table, column]) => `UPDATE ${table} SET ${column} = ${column};`,
  )
  return `BEGIN; SET LOCAL audit.username = 'filler'; ${updates.join('\n')} COMMIT;`
}
