package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// refusal is an error with its HTTP status and, of an environment, its diagnostics.
type refusal struct {
	apitype.ErrorResponse
	Diagnostics []diagnostic `json:"diagnostics,omitempty"`
}

func refuse(code int, message string) *refusal {
	return &refusal{ErrorResponse: apitype.ErrorResponse{Code: code, Message: message}}
}

func missing(what, name string) *refusal {
	return refuse(http.StatusNotFound, fmt.Sprintf("%s %q not found", what, name))
}

// handle answers a request with the JSON of what the function returns; its body is JSON too, or, for a []byte, any text.
func handle[Body any](c *cloud, mux *http.ServeMux, pattern string, answer func(*http.Request, Body) (any, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		c.Lock()
		defer c.Unlock()
		body, err := read[Body](r)
		if err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		answered, err := answer(r, body)
		var refused *refusal
		switch {
		case errors.As(err, &refused):
			write(w, refused.Code, refused)
		case err != nil:
			fail(w, http.StatusInternalServerError, err.Error())
		default:
			write(w, http.StatusOK, answered)
		}
	})
}

func read[Body any](r *http.Request) (body Body, err error) {
	text := r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		if text, err = gzip.NewReader(r.Body); err != nil {
			return body, err
		}
	}
	content, err := io.ReadAll(text)
	if err != nil {
		return body, err
	}
	if plain, ok := any(&body).(*[]byte); ok {
		*plain = content
	} else if len(content) > 0 {
		err = json.Unmarshal(content, &body)
	}
	return body, err
}

func write(w http.ResponseWriter, code int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	// The number of a definition's revision, which the command line demands of an answer about one.
	w.Header().Set("Pulumi-ESC-Revision", "1")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		log.Print(err)
	}
}

func fail(w http.ResponseWriter, code int, message string) {
	log.Print(message)
	write(w, code, refuse(code, message))
}
