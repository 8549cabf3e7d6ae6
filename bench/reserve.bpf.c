// SPDX-License-Identifier: GPL-2.0-only
/* The least a tracer of signals can do: the measure for the run time of ours. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

SEC("tp_btf/signal_generate")
int on_signal(__u64 *ctx)
{
	__u64 *record = bpf_ringbuf_reserve(&ring, 64, 0);

	if (!record)
		return 0;
#ifdef TIMED
	*record = bpf_ktime_get_boot_ns();
#endif
	bpf_ringbuf_submit(record, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
