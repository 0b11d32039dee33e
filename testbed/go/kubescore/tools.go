//go:build tools

// Package kubescore pins the kube-score that measures the program's objects.
package kubescore

import _ "github.com/zegl/kube-score/cmd/kube-score"
