//go:build tools

// Package programs names the programs of a Kubernetes control plane that hack/control-plane builds. go.mod repeats the replacements of the
// Kubernetes release with the released versions of its staging modules: every dependency is the one that the release was made with.
package programs

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
