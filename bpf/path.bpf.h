/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a process is and what it runs: the paths of its cgroup and of its executable, leaf first. */
#ifndef SIGTRACE_PATH_BPF_H
#define SIGTRACE_PATH_BPF_H

#include "kernel.bpf.h"
#include "maps.bpf.h"

#define PATH_STEPS 24

/*
 * The functions that are not static are verified once and by themselves, whatever their callers know
 * (Documentation/bpf/libbpf, "global functions", since v5.6): the verifier's work stays small. So is the
 * body of a loop, which it would else walk through as often as the loop can turn.
 */

/*
 * The size lives in the record, not in a register: the verifier then knows nothing of it, and two ways
 * through a step end in the same state instead of doubling the states of every step after it.
 */
static __always_inline bool add_name(char *text, volatile __u16 *size, const void *name)
{
	__u32 at = *size;
	long added;

	if (at >= PATH_ROOM)
		return false;
	/* What does not fit is written where the next text comes, and is not counted. */
	added = bpf_probe_read_kernel_str(text + (at & (PATH_ROOM - 1)), NAME_ROOM, name);
	if (added <= 0 || at + added > PATH_ROOM)
		return false;
	*size = at + added;
	return true;
}

static __always_inline struct kernfs_node *parent_of(struct kernfs_node *node)
{
	if (bpf_core_field_exists(node->__parent))
		return READ(node, __parent);
	return READ(node, parent);
}

/* 0: the path is whole, or has no room left. */
__noinline int add_cgroup_name(__u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);
	struct kernfs_node *node, *parent;

	if (!made)
		return 0;
	node = typed(kernfs_node, made->node);
	parent = parent_of(node);
	if (!parent) {
		made->record.flags &= ~CGROUP_CUT;
		return 0;
	}
	made->node = (__u64)parent;
	return add_name(made->record.text + PATH_ROOM, &made->record.cgroup_size, READ(node, name));
}

static __always_inline struct kernfs_node *node_of(struct cgroup *cgroup)
{
	__u64 root = (__u64)cgroup - bpf_core_field_offset(struct cgroup_root, cgrp);

	return READ(typed(cgroup_root, root), cgrp.kn);
}

/* Of any controller's state, though looked up in the one that a cgroup has of its own. */
static __always_inline struct cgroup *cgroup_of(struct cgroup_subsys_state *state)
{
	void *place = (void *)state + bpf_core_field_offset(struct cgroup_root, cgrp.self.cgroup) -
		      bpf_core_field_offset(struct cgroup_root, cgrp.self);
	struct cgroup *cgroup = NULL;

	bpf_probe_read_kernel(&cgroup, sizeof(cgroup), place);
	return cgroup;
}

/* The cgroup of a task: its v2 path, or on a v1 or hybrid host, where that says only "/", the pids one. */
__noinline int describe_cgroup(__u64 address, __u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);
	struct css_set *set = READ(typed(task_struct, address), cgroups);
	/* Here, not where it is used: the kernel remembers one of this name and the enumeration's. */
	__u64 controllers = (__u64)set + bpf_core_field_offset(struct css_set, subsys);
	struct kernfs_node *node = node_of(READ(set, dfl_cgrp)), *limited;
	struct cgroup_subsys_state *pids = NULL;

	barrier_var(controllers);
	if (!made)
		return 0;
	made->record.cgroup_id = READ(node, id);
	if (!parent_of(node) && bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) {
		controllers += sizeof(pids) * bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
		bpf_probe_read_kernel(&pids, sizeof(pids), (void *)controllers);
		limited = pids ? node_of(cgroup_of(pids)) : node;
		if (limited != node) {
			node = limited;
			made->record.flags |= CGROUP_V1;
		}
	}
	made->node = (__u64)node;
	made->record.flags |= CGROUP_CUT;
	for (int step = 0; step < PATH_STEPS; step++)
		if (!add_cgroup_name(by))
			break;
	return 0;
}

static __always_inline struct mount *mount_of(struct vfsmount *seen_by_others)
{
	return typed(mount, (void *)seen_by_others - bpf_core_field_offset(struct mount, mnt));
}

/*
 * One step of d_path() (fs/d_path.c), without its locks: a component, or a mount point passed over. 0: the root
 * of the mount namespace is reached, or no room is left.
 */
__noinline int add_exe_name(__u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);
	struct dentry *dentry, *parent;
	struct mount *mount, *above;

	if (!made || !made->node)
		return 0;
	dentry = typed(dentry, made->node);
	mount = typed(mount, made->mount);
	parent = READ(dentry, d_parent);
	if (dentry == READ(mount, mnt.mnt_root) || dentry == parent) {
		above = READ(mount, mnt_parent);
		if (above == mount || !above) {
			made->record.flags &= ~EXE_CUT;
			return 0;
		}
		made->node = (__u64)READ(mount, mnt_mountpoint);
		made->mount = (__u64)above;
		return 1;
	}
	made->node = (__u64)parent;
	return add_name(made->record.text, &made->record.exe_size, READ(dentry, d_name.name));
}

/* The path of the executable, from its last component on. */
__noinline int describe_exe(__u64 address, __u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);
	struct file *file = READ(typed(task_struct, address), mm, exe_file);
	struct dentry *dentry = READ(file, f_path.dentry);

	if (!made || !dentry)
		return 0;
	made->node = (__u64)dentry;
	made->mount = (__u64)mount_of(READ(file, f_path.mnt));
	made->record.flags |= EXE_CUT;
	for (int step = 0; step < PATH_STEPS; step++)
		if (!add_exe_name(by))
			break;
	return 0;
}

#endif
