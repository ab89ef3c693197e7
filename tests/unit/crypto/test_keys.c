/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

struct tree {
	struct account_keys *account;
	struct device_keys *device;
};

static int
tree_setup(void **state)
{
	static struct tree t;
	AUTO(secret_free) struct secret *ars = secret_of_row(0);
	AUTO(secret_free) struct secret *root = NULL;

	assert_int_equal(account_keys_new(&t.account, ars, NULL), 0);
	assert_int_equal(account_device_root(&root, t.account, DEVICE, NULL), 0);
	assert_int_equal(device_keys_new(&t.device, root, NULL), 0);
	*state = &t;
	return 0;
}

static int
tree_teardown(void **state)
{
	struct tree *t = *state;

	account_keys_free(t->account);
	device_keys_free(t->device);
	return 0;
}

static void
the_accounts_keys_are_the_frozen_ones(void **state)
{
	struct tree *t = *state;
	AUTO(secret_free) struct secret *dps = NULL;
	uint8_t id[CRYPTO_ID_BYTES], check[CRYPTO_HASH_BYTES];

	assert_golden("ask-public", sign_key_public(t->account->ask), CRYPTO_PUBLIC_BYTES);
	assert_golden("aek", secret_bytes(t->account->aek), SECRET_BYTES);
	assert_golden("aek-public", t->account->aek_public, CRYPTO_PUBLIC_BYTES);
	assert_golden("psk", secret_bytes(t->account->psk), SECRET_BYTES);
	keys_account_id(id, sign_key_public(t->account->ask));
	assert_golden("account", id, sizeof id);
	keys_check(check, t->account->psk);
	assert_golden("psk-check", check, sizeof check);
	assert_int_equal(account_device_psk(&dps, t->account, DEVICE, NULL), 0);
	assert_golden("dps", secret_bytes(dps), SECRET_BYTES);
	assert_memory_equal(secret_bytes(t->account->ars), row(0).p, SECRET_BYTES);
}

static void
a_devices_keys_and_ids_are_the_frozen_ones(void **state)
{
	struct tree *t = *state;
	uint8_t id[CRYPTO_ID_BYTES], hash[CRYPTO_HASH_BYTES];
	struct span app = span_str("contacts");

	assert_golden("device-root", secret_bytes(t->device->root), SECRET_BYTES);
	keys_check(hash, t->device->root);
	assert_golden("root-check", hash, sizeof hash);
	keys_folder_id(id, t->device, app);
	assert_golden("folder", id, sizeof id);
	keys_item_id(id, t->device, app, span_str("张伟.vcf"));
	assert_golden("item", id, sizeof id);
	assert_golden("chunk-id", secret_bytes(t->device->chunk_id), SECRET_BYTES);
	assert_golden("splitter", secret_bytes(t->device->splitter), SECRET_BYTES);
	assert_golden("state", secret_bytes(t->device->state), SECRET_BYTES);
	assert_int_equal(keys_chunk_id(hash, t->device, 1, span_str("plaintext"), NULL), 0);
	assert_golden("cid", hash, sizeof hash);
	keys_content_hash(hash, t->device, span_str("abc"));
	assert_golden("content", hash, sizeof hash);
}

static void
another_class_gives_another_chunk_id(void **state)
{
	struct tree *t = *state;
	uint8_t one[CRYPTO_HASH_BYTES], other[CRYPTO_HASH_BYTES];

	assert_int_equal(keys_chunk_id(one, t->device, 1, span_str("plaintext"), NULL), 0);
	assert_int_equal(keys_chunk_id(other, t->device, 2, span_str("plaintext"), NULL), 0);
	assert_memory_not_equal(one, other, sizeof one);
}

static void
two_devices_share_no_key_and_no_id(void **state)
{
	struct tree *t = *state;
	AUTO(secret_free) struct secret *root = NULL;
	AUTO(device_keys_free) struct device_keys *other = NULL;
	uint8_t one_id[CRYPTO_ID_BYTES], other_id[CRYPTO_ID_BYTES];

	assert_int_equal(account_device_root(&root, t->account, row(0x41).p, NULL), 0);
	assert_int_equal(device_keys_new(&other, root, NULL), 0);
	assert_false(secret_equal(other->root, t->device->root));
	assert_false(secret_equal(other->chunk_id, t->device->chunk_id));
	keys_item_id(one_id, t->device, span_str("a"), span_str("b"));
	keys_item_id(other_id, other, span_str("a"), span_str("b"));
	assert_memory_not_equal(one_id, other_id, sizeof one_id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_accounts_keys_are_the_frozen_ones),
		cmocka_unit_test(a_devices_keys_and_ids_are_the_frozen_ones),
		cmocka_unit_test(another_class_gives_another_chunk_id),
		cmocka_unit_test(two_devices_share_no_key_and_no_id),
	};

	return crypto_init(NULL) < 0 ||
	       cmocka_run_group_tests(tests, tree_setup, tree_teardown) != 0;
}
