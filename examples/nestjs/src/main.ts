import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { AuditModule } from './audit.module'
import { OrdersController } from './orders.controller'

@Module({ imports: [AuditModule], controllers: [OrdersController] })
class AppModule {}

async function start() {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })
  // The loopback address alone: whoever reaches this server may call himself anything.
  await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
  console.log(`Listening on ${await app.getUrl()}`)
}

void start()
