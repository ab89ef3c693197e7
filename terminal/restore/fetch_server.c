/* SPDX-License-Identifier: Apache-2.0 */
/* fetch_server: the server that an unlocked account is logged in at, and the keys that it opens. */
#include "remote/remote.h"
#include "restore/fetch.h"

static const struct account_keys *
epoch_of_unlocked(void *ctx, uint64_t epoch)
{
	return unlocked_keys(ctx, epoch);
}

static const struct log_device *
device_of_unlocked(void *ctx, const struct id16 *id)
{
	return log_state_device(unlocked_log(ctx), id);
}

static int
ids_of_unlocked(struct device_keys **out, void *ctx, const struct id16 *id, struct err *err)
{
	return unlocked_device_keys(out, ctx, id, err);
}

struct opener_keys
opener_keys_of(struct unlocked *u, const struct log_device *device)
{
	return (struct opener_keys){
		.account = unlocked_account(u),
		.device = device,
		.ctx = u,
		.of_epoch = epoch_of_unlocked,
		.device_of = device_of_unlocked,
		.ids_of = ids_of_unlocked,
	};
}

static int
server_items(void *ctx, const struct id16 *device, const struct wire_items_sink *sink,
	     struct err *err)
{
	struct remote *r = unlocked_remote(ctx, err);

	return r ? remote_items(r, device, sink, err) : -1;
}

static int
server_versions(void *ctx, const struct id16 *device, const struct id16 *folder,
		const struct id16 *item, const struct wire_items_sink *sink, struct err *err)
{
	struct remote *r = unlocked_remote(ctx, err);

	return r ? remote_versions(r, device, folder, item, sink, err) : -1;
}

static int
server_records(void *ctx, struct wire_records *ask, wire_frame_fn *fn, void *fn_ctx,
	       struct err *err)
{
	struct remote *r = unlocked_remote(ctx, err);

	return r ? remote_records(r, ask, fn, fn_ctx, err) : -1;
}

static int
server_item(void *ctx, const struct wire_item_ask *ask, struct wire_item_answer *out,
	    struct buf *held, struct err *err)
{
	struct remote *r = unlocked_remote(ctx, err);

	return r ? remote_item(r, ask, out, held, err) : -1;
}

static int
server_objects(void *ctx, const struct wire_object_at *at, uint32_t n, wire_object_fn *fn,
	       void *fn_ctx, struct err *err)
{
	struct remote *r = unlocked_remote(ctx, err);

	return r ? remote_objects(r, at, n, fn, fn_ctx, err) : -1;
}

struct fetch_source
fetch_source_of(struct unlocked *u)
{
	return (struct fetch_source){ u,           server_items,  server_versions, server_records,
				      server_item, server_objects };
}
