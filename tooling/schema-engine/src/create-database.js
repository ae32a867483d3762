// @ts-check
import pg from 'pg'
import { connectionFields, quoteIdentifier } from './connection.js'

/**
 * Creates the database that `url` names, by way of the server's database `postgres`.
 *
 * @param {string | undefined} url
 * @returns {Promise<string>} its name
 */
export async function createDatabase(url) {
  const { database = '', ...fields } = connectionFields(url)
  const client = new pg.Client({ ...fields, database: 'postgres' })
  await client.connect()
  try {
    await client.query(`CREATE DATABASE ${quoteIdentifier(database)}`)
  } finally {
    await client.end()
  }
  return database
}
