import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { type Page, type PageArgs, paginate } from '../platform/graphql/pagination.js';
import { Model } from './model.entity.js';
import { Promotion } from './promotion.entity.js';

/** Recommendations of the gate that wait for a person: at most one a model. */
@Injectable()
export class Approvals {
  constructor(@InjectRepository(Promotion) private readonly ledger: Repository<Promotion>) {}

  async pending(page: PageArgs): Promise<Page<Promotion>> {
    const query = this.ledger
      .createQueryBuilder('promotion')
      .innerJoin(Model, 'model', 'model.recommendationId = promotion.id');
    return paginate(query, 'promotion', page);
  }
}
