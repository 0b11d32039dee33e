package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const workspacesVariable = "TOWER_DATA_STUDIO_ALLOWED_WORKSPACES"

// workspaces are those that have Studios.
type workspaces struct {
	all bool
	ids []int
}

func (w workspaces) allow(id int) bool { return w.all || slices.Contains(w.ids, id) }

func (w workspaces) String() string {
	if w.all {
		return "all"
	}
	if len(w.ids) == 0 {
		return "none"
	}
	return strings.Trim(fmt.Sprint(w.ids), "[]")
}

// readWorkspaces reads them where the release does: tower.yml up to 25.3, where absent means none, and null all;
// from 26.1 on the variable, where unset means all, and empty none. 25.3 knows the variable too.
func readWorkspaces(release, path string) (workspaces, error) {
	document, err := readTowerYML(path)
	if err != nil {
		return workspaces{}, err
	}
	value, set := os.LookupEnv(workspacesVariable)
	if !readsTowerYML(release) || set {
		if !set {
			return workspaces{all: true}, nil
		}
		return workspacesOf(value)
	}
	tower, _ := document["tower"].(map[string]any)
	studio, _ := tower["data-studio"].(map[string]any)
	entry, there := studio["allowed-workspaces"]
	if !there {
		return workspaces{}, nil
	}
	if entry == nil {
		return workspaces{all: true}, nil
	}
	list, isList := entry.([]any)
	if !isList {
		return workspaces{}, fmt.Errorf("tower.data-studio.allowed-workspaces is neither null nor a list, but %v", entry)
	}
	var found workspaces
	for _, one := range list {
		id, isNumber := one.(int)
		if !isNumber {
			return workspaces{}, fmt.Errorf("tower.data-studio.allowed-workspaces has %v, which is not an id", one)
		}
		found.ids = append(found.ids, id)
	}
	return found, nil
}

func workspacesOf(text string) (workspaces, error) {
	var found workspaces
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		id, err := strconv.Atoi(word)
		if err != nil {
			return found, fmt.Errorf("%s has %q, which is not an id", workspacesVariable, word)
		}
		found.ids = append(found.ids, id)
	}
	return found, nil
}

// readsTowerYML compares numbers: "26.1" is newer than "25.3", and "25.10" than "25.3".
func readsTowerYML(release string) bool {
	parts := strings.SplitN(strings.TrimPrefix(release, "v"), ".", 3)
	year, _ := strconv.Atoi(parts[0])
	return year < 26
}

// readTowerYML merges the documents of the file, as a later one adds to those before.
func readTowerYML(path string) (map[string]any, error) {
	file, err := os.Open(here.path(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if about, err := file.Stat(); err == nil && about.IsDir() {
		return nil, errors.New("is a folder: what was to be mounted there did not exist")
	}
	merged := map[string]any{}
	decoder := yaml.NewDecoder(file)
	for {
		var document map[string]any
		err := decoder.Decode(&document)
		if err != nil {
			if err.Error() == "EOF" {
				return merged, nil
			}
			return nil, err
		}
		merge(merged, document)
	}
}

func merge(into, from map[string]any) {
	for key, value := range from {
		below, isMap := value.(map[string]any)
		there, wasMap := into[key].(map[string]any)
		if isMap && wasMap {
			merge(there, below)
		} else {
			into[key] = value
		}
	}
}
