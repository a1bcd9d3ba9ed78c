import type { ModelServiceServer } from '../../proto/gen/hammingbird/v1/model.js'
import type { Engine } from '../engine.js'
import type { Calls } from './calls.js'
import { notBuilt } from './not-built.js'

export function modelService ({ models }: Engine, calls: Calls): ModelServiceServer {
  return {
    listVersions: calls.unary(models?.listVersions?.bind(models) ?? notBuilt('ListVersions lists the versions of a collection\'s model')),
    getVersion: calls.unary(models?.getVersion?.bind(models) ?? notBuilt('GetVersion describes a version')),
    publishVersion: calls.clientStream(models?.publishVersion?.bind(models) ?? notBuilt('PublishVersion adds a version from its files')),
    fetchVersion: calls.serverStream(models?.fetchVersion?.bind(models) ?? notBuilt('FetchVersion gives a version\'s files')),
    promote: calls.unary(models?.promote?.bind(models) ?? notBuilt('Promote makes a version live')),
    rollback: calls.unary(models?.rollback?.bind(models) ?? notBuilt('Rollback makes the former version live again')),
    retire: calls.unary(models?.retire?.bind(models) ?? notBuilt('Retire drops a version\'s codes')),
    getHistory: calls.unary(models?.getHistory?.bind(models) ?? notBuilt('GetHistory says which version was live when, and who made it so')),
    setShadow: calls.unary(models?.setShadow?.bind(models) ?? notBuilt('SetShadow has a version answer beside the live one, unseen')),
    getDrift: calls.unary(models?.getDrift?.bind(models) ?? notBuilt('GetDrift measures how far the images have moved from what a version was trained on')),
    getBackfill: calls.unary(models?.getBackfill?.bind(models) ?? notBuilt('GetBackfill says how far versions have caught up')),
    controlBackfill: calls.unary(models?.controlBackfill?.bind(models) ?? notBuilt('ControlBackfill pauses, resumes or slows a backfill')),
    acquireLease: calls.unary(models?.acquireLease?.bind(models) ?? notBuilt('AcquireLease lets one trainer work at a time')),
    renewLease: calls.unary(models?.renewLease?.bind(models) ?? notBuilt('RenewLease keeps a lease'))
  }
}
