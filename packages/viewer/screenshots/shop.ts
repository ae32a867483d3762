/** The migrations' own statements come first; these fill the shop as its people would, one transaction each. */
interface Writer {
  readonly username: string
  readonly reason?: string
  /** Of March 2026, in UTC: when it was, as the page shows it. */
  readonly at: string
  readonly sql: string
}

const ADA = '5e1f0c2a-8d3b-4f6e-9a71-2c4b6d8e0f13'
const BEN = 'b07d4e91-3c2f-4a58-8e6d-71f0a9c5d2e4'

const customer = (id: string, name: string, email: string, country: string) =>
  `INSERT INTO customers (id, email, name, country_code, channels, preferences, created_at, updated_at)
   VALUES ('${id}', '${email}', '${name}', '${country}', '{web}', '{"language": "en", "mails": ["offers"]}', '2026-03-03 09:12:44+00', '2026-03-03 09:12:44');`

/** Who wrote what, in the order of time. */
export const WRITERS: readonly Writer[] = [
  {
    username: 'import',
    reason: 'the old shop',
    at: '2026-03-02 06:00:01',
    sql: `INSERT INTO "Category" (slug, title) VALUES ('lamps', 'Lamps'), ('chairs', 'Chairs');
      INSERT INTO "Product Catalogue" (sku, name, status, price, tags, sizes, "sellableOn", details) VALUES
        ('LAMP-1', 'Desk lamp', 'on-sale', 39.90, '{light,desk}', '{}', '{web,shop}', '{"bulb": {"socket": "E27", "watt": 8}, "cable": 1.5}'),
        ('LAMP-2', 'Floor lamp', 'on-sale', 89.00, '{light}', '{}', '{web}', NULL),
        ('CHAIR-1', 'Folding chair', 'draft', 24.50, '{}', '{40,45}', '{shop}', NULL)`,
  },
  {
    username: 'ada.lovelace',
    at: '2026-03-03 09:12:44',
    sql: `${customer(ADA, 'Ada King', 'ada@example.com', 'GB')} ${customer(BEN, 'Ben Stone', 'ben@example.com', 'NL')}
      INSERT INTO customer_addresses (customer_id, label, lines, postcode, "is default") VALUES ('${ADA}', 'home', '{"12 St James''s Square"}', 'SW1Y', true)`,
  },
  ...[4, 5, 6, 9, 10, 11, 12].flatMap((day, index): Writer[] => [
    {
      username: 'checkout',
      reason: 'order placed',
      at: `2026-03-${String(day).padStart(2, '0')} 1${index}:05:10`,
      sql: `WITH o AS (INSERT INTO "order" (customer_id, total, placed_at) VALUES ('${index % 2 ? BEN : ADA}', ${39.9 * (1 + (index % 3))}, '2026-03-${String(day).padStart(2, '0')} 1${index}:05:09+00') RETURNING id)
        INSERT INTO order_lines (order_id, line_no, product_id, quantity, price) SELECT id, 1, 1, ${1 + (index % 3)}, 39.90 FROM o;
        UPDATE customers SET points = points + ${4 * (1 + (index % 3))} WHERE id = '${index % 2 ? BEN : ADA}'`,
    },
  ]),
  {
    username: 'grace.hopper',
    reason: 'spring prices',
    at: '2026-03-10 08:00:00',
    sql: `UPDATE "Product Catalogue" SET price = price * 0.9, tags = tags || '{spring}' WHERE status = 'on-sale'`,
  },
  {
    username: 'grace.hopper',
    at: '2026-03-11 15:40:02',
    sql: `UPDATE "Product Catalogue" SET details = '{"bulb": {"socket": "E27", "watt": 6, "kelvin": 2700}, "cable": 1.8}', name = 'Desk lamp, brass' WHERE sku = 'LAMP-1'`,
  },
  {
    username: 'support.lin',
    reason: 'refund, ticket 4711',
    at: '2026-03-12 16:20:31',
    sql: `UPDATE "order" SET total = 0.00, note = 'Arrived broken. Refunded in full; the customer keeps the lamp.' WHERE id = 3;
      UPDATE customers SET points = points - 4, credit_limit = 25 WHERE id = '${ADA}';
      UPDATE order_lines SET price = 0.00 WHERE order_id = 3`,
  },
  {
    username: 'support.lin',
    reason: 'asked by mail',
    at: '2026-03-12 16:31:07',
    sql: `UPDATE customers SET name = 'Ada Lovelace', newsletter = true, preferences = '{"language": "en", "mails": []}' WHERE id = '${ADA}'`,
  },
]

/** The record that the pictures look at. */
export const PICTURED = { table: '"Product Catalogue"', customer: ADA }
