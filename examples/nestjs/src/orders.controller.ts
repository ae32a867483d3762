import {
  BadRequestException,
  Body,
  ConflictException,
  Controller,
  Get,
  Inject,
  NotFoundException,
  Param,
  ParseIntPipe,
  Patch,
  Post,
  UseGuards,
} from '@nestjs/common'
import { DATABASE, type Database } from './audit.module'
import { UserGuard } from './user.guard'

/** The text `name` of a body. */
function field(body: unknown, name: string, pattern = /^.{1,200}$/): string {
  const value = Object.entries(body ?? {}).find(([key]) => key === name)?.[1]
  if (typeof value === 'string' && pattern.test(value)) return value
  throw new BadRequestException(`"${name}" must be a text that matches ${pattern}.`)
}

function notFound(error: { code?: string }): never {
  throw error.code === 'P2025' ? new NotFoundException('There is no such order.') : error
}

@Controller('orders')
@UseGuards(UserGuard)
export class OrdersController {
  constructor(@Inject(DATABASE) private readonly db: Database) {}

  @Post()
  async create(@Body() body: unknown) {
    const data = { customer: field(body, 'customer'), total: field(body, 'total', /^\d{1,8}(\.\d\d?)?$/) }
    return await this.db.order.create({ data })
  }

  @Patch(':id')
  async change(@Param('id', ParseIntPipe) id: number, @Body() body: unknown) {
    const status = field(body, 'status')
    return await this.db.$transaction(async (tx) => {
      const changed = await tx.order.update({ where: { id }, data: { status } }).catch(notFound)
      if (status !== 'paid' || !changed.total.isZero()) return changed
      throw new ConflictException('There is nothing to pay.')
    })
  }

  @Get(':id/history')
  async history(@Param('id', ParseIntPipe) id: number) {
    return await this.db.$queryRaw`
      SELECT audit_operation AS operation, audit_operation_timestamp AS at, audit_username AS username,
             audit_request_id AS request_id, customer, total, status
      FROM audit."Order_audit" WHERE id = ${id} ORDER BY audit_id`
  }
}
