package main

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sort"
	"strconv"
	"strings"
)

// platform is what backend and cron read.
type platform struct {
	release      string
	server       *url.URL
	connect      string
	token        string
	key          *rsa.PrivateKey
	workspaces   workspaces
	templates    []template
	accessToken  string
	redis        *redisServer
	database     string
	explorer     bool
	pathRouting  bool
	environments string
}

type template struct {
	Repository string `json:"repository"`
	Tool       string `json:"tool"`
	Status     string `json:"status,omitempty"`
	Icon       string `json:"icon,omitempty"`
}

func runBackend(arguments []string) error { return runPlatform("backend", arguments) }
func runCron(arguments []string) error    { return runPlatform("cron", arguments) }

// runPlatform is both: the same image runs as either, and MICRONAUT_ENVIRONMENTS says which.
func runPlatform(role string, arguments []string) error {
	flags := flag.NewFlagSet(role, flag.ContinueOnError)
	release := flags.String("release", "25.3.0", "of Platform, which decides where it reads the workspaces")
	port := flags.Int("port", 8080, "to serve on")
	towerYML := flags.String("tower-yml", "/tower.yml", "where containers and pods have it")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	p, err := readPlatform(*release, *towerYML)
	if err != nil {
		return err
	}
	if strings.Contains(","+p.environments+",", ",cron,") {
		role = "cron"
		log.SetPrefix("cron: ")
	}
	if err := p.redis.check("platform:" + role); err != nil {
		return err
	}
	if err := checkDatabase(p.database); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", p.health)
	if role != "cron" {
		p.serveAPI(mux)
	}
	log.Printf("INFO Platform %s, workspaces with Studios: %s, signing key: %s", p.release, p.workspaces, p.keyID())
	return serve(":"+strconv.Itoa(*port), mux)
}

func readPlatform(release, towerYML string) (*platform, error) {
	e := &environment{}
	p := &platform{
		release:      release,
		server:       e.url("TOWER_SERVER_URL"),
		redis:        platformRedis(e),
		database:     databaseURL(e),
		token:        e.text("TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN", ""),
		explorer:     e.flag("TOWER_DATA_EXPLORER_ENABLED"),
		pathRouting:  e.flag("TOWER_DATA_STUDIO_ENABLE_PATH_ROUTING"),
		environments: e.text("MICRONAUT_ENVIRONMENTS", ""),
		templates:    templates(),
	}
	e.required("TOWER_CRYPTO_SECRETKEY")
	p.accessToken = accessToken(e.required("TOWER_JWT_SECRET"))
	pem := e.text("TOWER_OIDC_PEM_PATH", "")
	if os.Getenv("TOWER_DATA_STUDIO_CONNECT_URL") != "" {
		p.connect = e.url("TOWER_DATA_STUDIO_CONNECT_URL").String()
		e.required("TOWER_OIDC_REGISTRATION_INITIAL_ACCESS_TOKEN")
		e.required("TOWER_OIDC_PEM_PATH")
		if !p.explorer {
			e.problem("TOWER_DATA_EXPLORER_ENABLED is not true, and Studios needs it")
		}
	}
	var err error
	if pem != "" {
		if p.key, err = readKeyPair(pem); err != nil {
			e.problem("TOWER_OIDC_PEM_PATH=%s: %v", pem, err)
		}
	}
	if p.workspaces, err = readWorkspaces(release, towerYML); err != nil {
		e.problem("%s: %v", towerYML, err)
	}
	return p, e.err()
}

// templates are named by any key between the prefix and one of five endings.
func templates() []template {
	found := map[string]*template{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		rest, ours := strings.CutPrefix(name, "TOWER_DATA_STUDIO_TEMPLATES_")
		at := strings.LastIndex(rest, "_")
		if !ours || at < 1 {
			continue
		}
		key := rest[:at]
		if found[key] == nil {
			found[key] = &template{Tool: "custom"}
		}
		switch rest[at+1:] {
		case "REPOSITORY":
			found[key].Repository = value
		case "TOOL":
			found[key].Tool = value
		case "STATUS":
			found[key].Status = value
		case "ICON":
			found[key].Icon = value
		}
	}
	list := make([]template, 0, len(found))
	for _, one := range found {
		if one.Repository != "" {
			list = append(list, *one)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Repository < list[j].Repository })
	return list
}

// accessToken is the one that the API takes; it is derived, so that whoever reads Platform's secrets can make it.
func accessToken(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("access-token"))
	return hex.EncodeToString(mac.Sum(nil))
}

func (p *platform) health(w http.ResponseWriter, _ *http.Request) {
	if _, err := p.redis.do("PING"); err != nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "DOWN", "redis": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "UP"})
}

func (p *platform) serveAPI(mux *http.ServeMux) {
	serviceInfo := func(w http.ResponseWriter, _ *http.Request) {
		about := map[string]any{"version": p.release, "dataExplorerEnabled": p.explorer, "studiosUrl": p.connect}
		writeJSON(w, http.StatusOK, map[string]any{"serviceInfo": about})
	}
	mux.HandleFunc("GET /service-info", serviceInfo)
	mux.HandleFunc("GET /api/service-info", serviceInfo)
	mux.HandleFunc("GET /api/studios", p.withWorkspace(func(w http.ResponseWriter) {
		writeJSON(w, http.StatusOK, map[string]any{"studios": []string{}, "totalSize": 0})
	}))
	mux.HandleFunc("GET /api/studios/templates", p.withWorkspace(func(w http.ResponseWriter) {
		writeJSON(w, http.StatusOK, map[string]any{"templates": p.templates, "totalSize": len(p.templates)})
	}))
	if p.key != nil {
		p.serveOIDC(mux)
	}
}

// withWorkspace asks for the access token, and for a workspace that has Studios.
func (p *platform) withWorkspace(answer func(http.ResponseWriter)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !bearer || !hmac.Equal([]byte(given), []byte(p.accessToken)) {
			writeJSON(w, http.StatusUnauthorized, map[string]string{"message": "Unauthorized"})
			return
		}
		id, err := strconv.Atoi(r.URL.Query().Get("workspaceId"))
		switch {
		case err != nil:
			writeJSON(w, http.StatusBadRequest, map[string]string{"message": "workspaceId is missing"})
		case p.connect == "" || !p.workspaces.allow(id):
			message := fmt.Sprintf("Studios is not enabled for workspace %d", id)
			writeJSON(w, http.StatusForbidden, map[string]string{"message": message})
		default:
			answer(w)
		}
	}
}

// runFrontend serves the page, and leads everything else to the service "backend", as Seqera's nginx does.
func runFrontend(arguments []string) error {
	flags := flag.NewFlagSet("frontend", flag.ContinueOnError)
	port := flags.Int("port", 80, "to serve on")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "backend:8080"})
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
		log.Printf("WARN %v", err)
		http.Error(w, "backend does not answer", http.StatusBadGateway)
	}
	mux := http.NewServeMux()
	for _, path := range []string{"/api/", "/.well-known/", "/oidc/", "/service-info", "/health"} {
		mux.Handle(path, proxy)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "<!doctype html><title>Seqera Platform (stand-in)</title>")
	})
	return serve(":"+strconv.Itoa(*port), mux)
}

// runAccessToken prints the token that this Platform's API takes.
func runAccessToken([]string) error {
	secret := os.Getenv("TOWER_JWT_SECRET")
	if secret == "" {
		return errors.New("TOWER_JWT_SECRET is missing")
	}
	fmt.Println(accessToken(secret))
	return nil
}
