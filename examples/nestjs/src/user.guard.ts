import { type CanActivate, Injectable, UnauthorizedException } from '@nestjs/common'
import { ClsService } from 'nestjs-cls'

@Injectable()
export class UserGuard implements CanActivate {
  constructor(private readonly cls: ClsService) {}

  canActivate(): boolean {
    if (this.cls.get('audit')) return true
    throw new UnauthorizedException('Say who you are in the header x-user.')
  }
}
