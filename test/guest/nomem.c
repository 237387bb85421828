/*
 * MX_ERR_NO_MEMORY, call by call (debug kernels): every allocation of the call fails once.  Each time the
 * call says NO_MEMORY or does without; nothing is made, nothing is lost (the program runs twice, and the
 * counters must agree).  failnth does the same for whole operations, with slots and user copies too.
 */
#include <sys/mman.h>
#include "nomem.h"

#define PAGE	MX_PAGE_SIZE
#define RW	(MX_VM_PERM_READ | MX_VM_PERM_WRITE)

static char buf[70000];
static mx_handle_t h, out[40];
static mx_vaddr_t at;
static uint32_t n32, m32;
static size_t n;

static void
events(mx_handle_t *e, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		e[i] = event();
}

static void
making(void)
{
	NO_MEMORY(, MX_OK, mx_event_create(0, out), mx_handle_close(out[0]));
	NO_MEMORY(, MX_OK, mx_eventpair_create(0, out, out + 1), mx_handle_close_many(out, 2));
	NO_MEMORY(, MX_OK, mx_channel_create(0, out, out + 1), mx_handle_close_many(out, 2));
	NO_MEMORY(, MX_OK, mx_socket_create(0, out, out + 1), mx_handle_close_many(out, 2));
	NO_MEMORY(, MX_OK, mx_fifo_create(4, 8, 0, out, out + 1), mx_handle_close_many(out, 2));
	NO_MEMORY(, MX_OK, mx_port_create(0, out), mx_handle_close(out[0]));
	NO_MEMORY(, MX_OK, mx_timer_create(0, MX_CLOCK_MONOTONIC, out), mx_handle_close(out[0]));
	NO_MEMORY(, MX_OK, mx_trace_create(0, out), mx_handle_close(out[0]));
	NO_MEMORY(, MX_OK, mx_vmo_create(PAGE, 0, out), mx_handle_close(out[0]));
}

static void
channels(void)
{
	mx_channel_call_args_t args = { .wr_bytes = buf, .wr_num_bytes = 3000, .rd_bytes = buf, .rd_num_bytes = 16 };
	mx_handle_info_t info[10];
	mx_handle_disposition_t d[1];
	mx_handle_t a, b, e[10];

	mx_channel_create(0, &a, &b);
	NO_MEMORY(, MX_OK, mx_channel_write(a, 0, buf, 3000, NULL, 0), mx_channel_read(b, 1, NULL, NULL, 0, 0, NULL, NULL));
	NO_MEMORY(events(e, 10), MX_OK, mx_channel_write(a, 0, buf, 100, e, 10),
	    mx_channel_read(b, 1, NULL, NULL, 0, 0, NULL, NULL));
	NO_MEMORY((d[0] = (mx_handle_disposition_t){ 0, event(), 0, MX_RIGHT_SAME_RIGHTS, 0 }), MX_OK,
	    mx_channel_write_etc(a, 0, buf, 100, d, 1), mx_channel_read(b, 1, NULL, NULL, 0, 0, NULL, NULL));
	events(e, 10);
	is_int(mx_channel_write(a, 0, buf, 100, e, 10), MX_OK, "a message with ten handles");
	NO_MEMORY(, MX_OK, mx_channel_read(b, 0, buf, out, 100, 10, &n32, &m32), {
		is_int((long)n32 << 8 | m32, 100 << 8 | 10, "whole");
		mx_channel_write(a, 0, buf, 100, out, 10);
	});
	NO_MEMORY(, MX_OK, mx_channel_read_etc(b, 0, buf, info, 100, 10, &n32, &m32), {
		for (int i = 0; i < 10; i++)
			out[i] = info[i].handle;
		mx_channel_write(a, 0, buf, 100, out, 10);
	});
	mx_channel_read(b, 1, NULL, NULL, 0, 0, NULL, NULL);
	NO_MEMORY(, MX_ERR_TIMED_OUT, mx_channel_call(a, 0, 0, &args, &n32, &m32),
	    mx_channel_read(b, 1, NULL, NULL, 0, 0, NULL, NULL));
	mx_handle_close(a), mx_handle_close(b);
}

static void
waits(void)
{
	mx_handle_t e = event(), p;
	mx_wait_item_t items[40];
	mx_port_packet_t k = { .key = 1 };

	mx_port_create(0, &p);
	NO_MEMORY(, MX_OK, mx_port_queue(p, &k), mx_port_wait(p, 0, &k));
	NO_MEMORY(, MX_OK, mx_object_wait_async(e, p, 1, MX_EVENT_SIGNALED, 0), mx_port_cancel(p, e, 1));
	NO_MEMORY(, MX_OK, mx_port_bind(p, 1, e, MX_EVENT_SIGNALED), mx_port_cancel(p, e, 1));
	for (int i = 0; i < 40; i++)
		items[i] = (mx_wait_item_t){ e, MX_EVENT_SIGNALED, 0 };
	NO_MEMORY(, MX_ERR_TIMED_OUT, mx_object_wait_many(items, 40, 1), );
	NO_MEMORY(, MX_ERR_TIMED_OUT, mx_object_wait_many(items, 40, mx_deadline_after(MX_MSEC(1))), );
	mx_handle_close(e), mx_handle_close(p);
}

static void
sockets(void)
{
	mx_handle_t a, b;

	NO_MEMORY(mx_socket_create(0, &a, &b), MX_OK, mx_socket_write(a, 0, buf, 10000, &n), );
	mx_socket_create(MX_SOCKET_DATAGRAM, &a, &b);
	NO_MEMORY(, MX_OK, mx_socket_write(a, 0, buf, 10000, &n), mx_socket_read(b, 0, buf, 10000, &n));
	mx_handle_close(a), mx_handle_close(b);
}

static void
memory(void)
{
	mx_handle_t v;

	NO_MEMORY(mx_vmo_create(8 * PAGE, 0, &v), MX_OK, mx_vmo_write(v, buf, 0, 8 * PAGE), );
	mx_vmo_create(8 * PAGE, MX_VMO_RESIZABLE, &v);
	NO_MEMORY(, MX_OK, mx_vmo_op_range(v, MX_VMO_OP_COMMIT, 0, 8 * PAGE, NULL, 0),
	    mx_vmo_op_range(v, MX_VMO_OP_DECOMMIT, 0, 8 * PAGE, NULL, 0));
	mx_vmo_write(v, buf, 0, 8 * PAGE);
	NO_MEMORY(, MX_OK, mx_vmo_create_child(v, MX_VMO_CHILD_SNAPSHOT, 0, 8 * PAGE, out), mx_handle_close(out[0]));
	mx_vmo_create_child(v, MX_VMO_CHILD_SNAPSHOT, 0, 8 * PAGE, out);
	NO_MEMORY(, MX_OK, mx_vmo_op_range(v, MX_VMO_OP_ZERO, 100, 100, NULL, 0), {
		mx_handle_close(out[0]);
		mx_vmo_create_child(v, MX_VMO_CHILD_SNAPSHOT, 0, 8 * PAGE, out);
	});
	mx_handle_close(out[0]), mx_handle_close(v);
	/* A smaller size needs memory where the end's page is shared with a child. */
	NO_MEMORY((mx_vmo_create(800 * PAGE, MX_VMO_RESIZABLE, &v), mx_vmo_write(v, buf, 600 * PAGE, 800),
	    mx_vmo_create_child(v, MX_VMO_CHILD_SNAPSHOT, 0, 800 * PAGE, out)), MX_OK, mx_vmo_set_size(v, 601 * PAGE),
	    (mx_handle_close(v), mx_handle_close(out[0])));
}

static void
regions(void)
{
	const mx_vm_option_t can = MX_VM_CAN_MAP_READ | MX_VM_CAN_MAP_WRITE | MX_VM_CAN_MAP_SPECIFIC;
	mx_handle_t v, r;
	mx_vaddr_t base;

	mx_vmo_create(8 * PAGE, 0, &v);
	NO_MEMORY(, MX_OK, mx_vmar_allocate(mx_vmar_root_self(), can, 0, 64 * PAGE, out, &at), {
		mx_vmar_destroy(out[0]);
		mx_handle_close(out[0]);
	});
	mx_vmar_allocate(mx_vmar_root_self(), can, 0, 64 * PAGE, &r, &base);
	NO_MEMORY(, MX_OK, mx_vmar_map(r, RW | MX_VM_SPECIFIC, 0, v, 0, 8 * PAGE, &at), mx_vmar_unmap(r, base, 8 * PAGE));
	mx_vmar_map(r, RW | MX_VM_SPECIFIC, 0, v, 0, 8 * PAGE, &at);
	NO_MEMORY(, MX_OK, mx_vmar_unmap(r, base + 3 * PAGE, PAGE),
	    mx_vmar_map(r, RW | MX_VM_SPECIFIC_OVERWRITE, 0, v, 0, 8 * PAGE, &at));
	NO_MEMORY(, MX_OK, mx_vmar_protect(r, MX_VM_PERM_READ, base + 3 * PAGE, PAGE),
	    mx_vmar_map(r, RW | MX_VM_SPECIFIC_OVERWRITE, 0, v, 0, 8 * PAGE, &at));
	mx_vmar_destroy(r);
	mx_handle_close(r), mx_handle_close(v);
}

int
main(void)
{
	if (set("page", 0) != 0) {
		tap_print("1..0 # SKIP n-th failure is in debug kernels only\n");
		return 0;
	}
	memset(buf, 1, sizeof(buf));
	making();
	channels();
	waits();
	sockets();
	memory();
	regions();
	return tap_done();
}
