/* SPDX-License-Identifier: Apache-2.0 */
/* metrics: numbers about a running server, in Prometheus' text format 0.0.4.  They name no account. */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "api/http.h"
#include "blobs/blobs.h"
#include "catalog/catalog.h"
#include "upkeep/keeper.h"
#include "upkeep/messenger.h"

struct metrics {
	struct catalog *catalog;
	struct blobs *blobs;
	struct keeper *keeper;
	struct messenger *messenger;
	struct http *http; /* the one that terminals talk to */
};

/** GET /metrics, GET /healthz; exchange.server is a struct metrics. */
extern const struct http_route metrics_routes[];

#endif
